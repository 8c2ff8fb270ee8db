import sys

from rs_governance.db.migrating import write_revision

if __name__ == "__main__":
    print(write_revision(sys.argv[1]))  # noqa: T201
