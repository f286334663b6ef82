"""A live Asterisk for the tests, with callers that press keys, talk and hang up."""
