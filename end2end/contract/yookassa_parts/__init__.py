"""The parts of yookassa_drive.py; each has a shop of its own."""
