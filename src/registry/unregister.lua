-- Deletes a device's entry only if it is exactly this one.
-- KEYS[1] the device's key   ARGV[1] the entry as it was written
-- Returns 1 when deleted, 0 when another entry or none was there.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
