"""Reports of mail servers, as they come: delivery status notifications and feedback reports."""

RETURN = "bounces+1713.abcdefghij234567@campus.test"
DELIVERY = """\
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@mx.example.org>
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.org. <script>alert(1)</script>

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
Arrival-Date: Sat, 14 Feb 2026 18:00:00 +0000

Final-Recipient: rfc822; ann@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--B
Content-Type: message/rfc822

Return-Path: <{returned}>
From: Campuslog <no-reply@campus.test>
To: ann@example.org
Subject: You have a role

Hello.

--B--
"""
FEEDBACK = """\
From: <abuse@isp.example>
To: <postmaster@campus.test>
Subject: FW: You have a role
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an email abuse report.

--B
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Feedback/1.0
Version: 1
Original-Mail-From: <{returned}>

--B
Content-Type: text/rfc822-headers

From: Campuslog <no-reply@campus.test>
Subject: You have a role

--B--
"""


def delivery(status: str = "5.1.1", action: str = "failed", to: str = RETURN, returned: str = "") -> bytes:
    """A delivery status notification; *to* is where it went, *returned* what the mail that is sent back has."""
    text = DELIVERY.format(status=status, action=action, to=to, returned=returned)
    return text.replace("\n", "\r\n").encode()


def feedback(kind: str = "abuse", returned: str = RETURN) -> bytes:
    """A feedback report."""
    return FEEDBACK.format(kind=kind, returned=returned).replace("\n", "\r\n").encode()
