"""JSON documents of others as facts: the body of a webhook, a record of a topic that is not ours."""
