-- Rules that ask about the pulse mean another thing when the company's usual gap, in days, becomes another.
ALTER TABLE rules ADD COLUMN usual_gap smallint;
