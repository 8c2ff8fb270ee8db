"""Slow NumPy twins of the kernels: what each of them must compute, in as few words as possible."""
