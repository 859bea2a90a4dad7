"""How good the desk is: labels on findings, second looks, workload, reports for the public."""
