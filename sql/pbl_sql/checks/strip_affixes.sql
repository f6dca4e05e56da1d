-- Take a constant beginning and end off the ids of one side, as they are compared.
-- $begins and $ends; {table} the answer to unmatched.sql
UPDATE {table} SET canonical = substr(canonical, length($begins) + 1, length(canonical) - length($begins) - length($ends))
WHERE starts_with(canonical, $begins) AND ends_with(canonical, $ends)
    AND length(canonical) > length($begins) + length($ends)
