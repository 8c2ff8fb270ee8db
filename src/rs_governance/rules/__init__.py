"""What: readable rules that give a finding its kind, theme, severity and department, each with its trace."""
