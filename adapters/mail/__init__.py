"""Mail: what is written to people, how it leaves by SMTP, and the inbox that takes it where things are tried out."""
