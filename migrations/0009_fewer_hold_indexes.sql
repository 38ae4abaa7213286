-- Nobody asks for the open holds of one wallet by themselves: they are found by their rows, or by when they expire. The
-- index was written by every hold and every capture.
DROP INDEX holds_open;
