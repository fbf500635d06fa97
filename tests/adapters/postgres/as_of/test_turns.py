"""Folds in the API take turns."""

import asyncio

from adapters.postgres.as_of.turns import Turns


async def test_one_fold_goes_on_at_a_time() -> None:
    """All get their turn, in their order, also after one that has failed; then who asks alone gets it at once."""
    turns, inside, order = Turns(), set[int](), list[int]()

    async def fold(number: int) -> None:
        async with turns.take():
            inside.add(number)
            assert inside == {number}
            await asyncio.sleep(0)
            inside.clear()
            order.append(number)
            if number == 1:
                raise LookupError

    found = await asyncio.gather(*map(fold, range(5)), return_exceptions=True)
    assert order == [0, 1, 2, 3, 4]
    assert [type(each) for each in found if each is not None] == [LookupError]
    await fold(5)
    async with turns.take():
        assert order[-1] == 5
