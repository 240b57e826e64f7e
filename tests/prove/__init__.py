"""The prover is judged by others: an evaluator of IAM decisions of its own, and weakened templates."""
