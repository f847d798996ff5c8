"""/fit/: every setup of GPUs that holds a run, with time, cost and prices."""
