-- What are the ranks of one pillar's numbers, less the mean rank, divided by $rows?
-- $rows how many rows there are; {table} the name of the answer, {ranks} its column, {ranked} the rows with their `rank`
CREATE OR REPLACE TABLE {table} AS
SELECT row, (rank - ($rows + 1) / 2.0)::DOUBLE / $rows AS {ranks}
FROM {ranked}
