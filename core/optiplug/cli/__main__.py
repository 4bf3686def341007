"""`python -m optiplug.cli`, where the script `optiplug` is not on the path."""

from .app import main

if __name__ == "__main__":
    main()
