-- The time of the server that KEYS[1] is on, as TIME has it: one clock for all pods, in a Cluster too.
return redis.call('TIME')
