-- Where the file lay below the folder that was given to the sender, "floor-1/IMG_0001.jpg"; NULL: not said.
-- Cameras number from one again, so a name alone does not tell two photos of a site apart.
ALTER TABLE uploads ADD COLUMN path TEXT;
