"""Gaps of the emulator itself."""
