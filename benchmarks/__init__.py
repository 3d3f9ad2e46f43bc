"""What is measured rather than tested: every module prints a table, ratios against something run beside it."""
