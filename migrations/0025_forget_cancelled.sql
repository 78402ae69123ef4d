-- A cancelled upload says no more of its file than a deleted one.
UPDATE uploads SET filename = '', path = NULL, content_type = '', size = 0, user_id = '',
    checksum_algorithm = NULL, checksum = NULL, metadata = NULL, timeline = ''
  WHERE state = 'CANCELLED';
