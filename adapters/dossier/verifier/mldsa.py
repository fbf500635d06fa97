"""ML-DSA-44 signatures, checked (FIPS 204, 5.3 and algorithms 3 and 8)."""

from __future__ import annotations

import hashlib

Q, N, K, LENGTH = 8_380_417, 256, 4, 4
DROPPED, GAMMA_1, GAMMA_2, TAU, OMEGA = 13, 1 << 17, (8_380_417 - 1) // 88, 39, 80
BETA, CHALLENGE = 78, 32  # tau * eta; bytes
ZETAS = [pow(1753, int(f"{k:08b}"[::-1], 2), Q) for k in range(N)]
Poly = list[int]


def _ntt(poly: Poly) -> Poly:
    """Algorithm 41."""
    w, at, width = list(poly), 0, N // 2
    while width:
        for start in range(0, N, 2 * width):
            at += 1
            for j in range(start, start + width):
                t = ZETAS[at] * w[j + width] % Q
                w[j], w[j + width] = (w[j] + t) % Q, (w[j] - t) % Q
        width //= 2
    return w


def _inverse_ntt(poly: Poly) -> Poly:
    """Algorithm 42."""
    w, at, width = list(poly), N, 1
    while width < N:
        for start in range(0, N, 2 * width):
            at -= 1
            for j in range(start, start + width):
                t = w[j]
                w[j], w[j + width] = (t + w[j + width]) % Q, ZETAS[at] * (w[j + width] - t) % Q
        width *= 2
    return [each * 8_347_681 % Q for each in w]  # the inverse of 256


def _times(p: Poly, q: Poly) -> Poly:
    return [a * b % Q for a, b in zip(p, q, strict=True)]


def _unpacked(data: bytes, bits: int) -> list[int]:
    """Numbers of so many bits, the lowest bit first (algorithm 18)."""
    number, mask = int.from_bytes(data, "little"), (1 << bits) - 1
    return [number >> at & mask for at in range(0, len(data) * 8 // bits * bits, bits)]


def _uniform(seed: bytes) -> Poly:
    """A polynomial of the matrix, in the form of the NTT (algorithm 30)."""
    found, size = Poly(), 1_024
    while len(found) < N:
        stream, size = hashlib.shake_128(seed).digest(size), size * 2
        numbers = (stream[i] | stream[i + 1] << 8 | (stream[i + 2] & 127) << 16 for i in range(0, len(stream) - 2, 3))
        found = [each for each in numbers if each < Q]
    return found[:N]


def _ball(seed: bytes) -> Poly:
    """The polynomial of a challenge: TAU times 1 or -1, and 0 (algorithm 29)."""
    c, stream = [0] * N, hashlib.shake_256(seed).digest(4_096)
    signs, at = int.from_bytes(stream[:8], "little"), 8
    for i in range(N - TAU, N):
        while stream[at] > i:
            at += 1
        j, at = stream[at], at + 1
        c[i], c[j] = c[j], 1 - 2 * (signs >> (i + TAU - N) & 1)
    return c


def _hints(data: bytes) -> list[set[int]] | None:
    """For each polynomial, where a hint is (algorithm 21); None if they are not in the one form."""
    found, at = list[set[int]](), 0
    for end in data[OMEGA:]:
        places = list(data[at:end])
        if end < at or end > OMEGA or places != sorted(set(places)):
            return None
        found.append(set(places))
        at = end
    return None if any(data[at:OMEGA]) else found


def _high_bits(number: int, *, has_hint: bool) -> int:
    """Algorithm 40, with 36."""
    low = number % (2 * GAMMA_2)
    low -= 2 * GAMMA_2 if low > GAMMA_2 else 0
    high, low = (0, low - 1) if number - low == Q - 1 else ((number - low) // (2 * GAMMA_2), low)
    return (high + (1 if low > 0 else -1)) % 44 if has_hint else high


def ml_dsa_44(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether *signature* is that of *message* by the key *public*, without a context."""
    if len(public) != 32 + K * 320 or len(signature) != CHALLENGE + LENGTH * 576 + OMEGA + K:
        return False
    challenge, packed = signature[:CHALLENGE], signature[CHALLENGE : -OMEGA - K]
    z, hints = [GAMMA_1 - each for each in _unpacked(packed, 18)], _hints(signature[-OMEGA - K :])
    if hints is None or max(map(abs, z)) >= GAMMA_1 - BETA:
        return False
    digest = hashlib.shake_256(hashlib.shake_256(public).digest(64) + b"\0\0" + message).digest(64)
    c, signed = _ntt(_ball(challenge)), [_ntt(z[at : at + N]) for at in range(0, LENGTH * N, N)]
    t1, high = _unpacked(public[32:], 10), list[int]()
    for row in range(K):
        t = _ntt([each << DROPPED for each in t1[row * N : row * N + N]])
        sums = [-each for each in _times(c, t)]
        for column, poly in enumerate(signed):
            product = _times(_uniform(public[:32] + bytes([column, row])), poly)
            sums = [a + b for a, b in zip(sums, product, strict=True)]
        w = _inverse_ntt([each % Q for each in sums])
        high += [_high_bits(each, has_hint=place in hints[row]) for place, each in enumerate(w)]
    packed_high = sum(each << 6 * place for place, each in enumerate(high)).to_bytes(K * N * 6 // 8, "little")
    return hashlib.shake_256(digest + packed_high).digest(CHALLENGE) == challenge
