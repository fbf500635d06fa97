-- What posts of the forum are found by (decisions/0480): tokens of words, keyed by a key of the campus, and no word in the clear.
--
-- Derived from the log by the dispatcher, with the keys of persons. Emptied, all of it is made again. What a person has written
-- leaves it in the transaction that destroys the key of the person.

CREATE TABLE forum_search (
    thread_id text COLLATE "C" NOT NULL,
    post_no integer NOT NULL,
    learner_id text COLLATE "C" NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    text_position bigint NOT NULL DEFAULT 0,
    places bigint[] NOT NULL DEFAULT '{}',
    words bigint[] NOT NULL DEFAULT '{}',
    titles bigint[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (thread_id, post_no)
);
COMMENT ON COLUMN forum_search.position IS 'Of the fact that posted it; text_position is that of the text.';
COMMENT ON COLUMN forum_search.places IS 'Tokens of its run, of its author, and of spans of the log in which it lies.';
COMMENT ON COLUMN forum_search.words IS 'Tokens of the words of title and text; titles has those of the title alone.';
CREATE INDEX forum_search_found ON forum_search USING gin (places, words) WITH (gin_pending_list_limit = 512);
CREATE INDEX forum_search_of ON forum_search (learner_id);

CREATE TABLE forum_words (
    token bigint PRIMARY KEY,
    sealed bytea NOT NULL,
    near bigint[] NOT NULL
);
COMMENT ON COLUMN forum_words.sealed IS 'The word, sealed by the key of the campus.';
COMMENT ON COLUMN forum_words.near IS 'Tokens of its beginnings, and of what is left of it without one or two letters.';
CREATE INDEX forum_words_near ON forum_words USING gin (near);

CREATE TABLE forum_words_left (token bigint PRIMARY KEY);
COMMENT ON TABLE forum_words_left IS 'Words that a post has lost: those that no other post has are removed from forum_words.';

CREATE TABLE forum_search_state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL,
    key_check bigint NOT NULL,
    life text NOT NULL,
    position bigint NOT NULL
);
COMMENT ON TABLE forum_search_state IS 'How far the index is, and by which rules, with which key, and in which life of the log it was made.';

CREATE FUNCTION note_forum_words_left() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    INSERT INTO forum_words_left (token) SELECT DISTINCT unnest(words) FROM gone ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER forum_words_of_changed AFTER UPDATE ON forum_search
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_forum_words_left();
CREATE TRIGGER forum_words_of_deleted AFTER DELETE ON forum_search
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_forum_words_left();

CREATE FUNCTION forget_forum_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    DELETE FROM forum_search WHERE learner_id = NEW.learner_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_forum_words AFTER INSERT OR UPDATE ON person_keys
FOR EACH ROW WHEN (NEW.wrapped IS NULL) EXECUTE FUNCTION forget_forum_words();

GRANT SELECT, INSERT, UPDATE, DELETE ON forum_search, forum_words, forum_words_left, forum_search_state TO {app};
