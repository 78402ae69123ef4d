-- What tells a retry from a reuse of an id is a plain hash of user, type and details, so whoever guesses
-- them could confirm it. It is erased with them.
UPDATE events SET request_hash = '' WHERE user_id IS NULL;
