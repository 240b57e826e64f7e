"""Cognito's hooks of accounts: PreSignUp, CustomMessage and PostConfirmation."""
