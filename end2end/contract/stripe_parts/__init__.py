"""The parts of stripe_drive.py, one file for each noun."""
