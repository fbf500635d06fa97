"""What is sold, over HTTP."""

from tests.support.sellers import Seller


async def test_a_product_with_its_price(seller: Seller) -> None:
    """The staff make a product and change its price; everyone sees the present one, until the product is retired."""
    await seller.sell()
    await seller.send(f"/products/{seller.product}/prices", {"currency": "JPY", "amount": 7_800}, user="admin")
    prices = f"/products/{seller.product}/prices"
    await seller.send(prices, {"currency": "EUR", "amount": 5_900}, user="admin")
    later = {"currency": "EUR", "amount": 9_900, "valid_from": "2126-01-01T00:00:00Z"}
    position = await seller.send(prices, later, user="admin")
    shown = await seller.see(f"/products/{seller.product}", position, user=seller.learner)
    assert (shown["prices"], shown["is_sold"], shown["course_id"]) == (
        {"EUR": 5_900, "JPY": 7_800},
        True,
        seller.course,
    )
    listed = (await seller.get("/products", user=seller.learner, limit=200)).json()["items"]
    assert shown in listed

    position = await seller.send(f"/products/{seller.product}/retire", {"reason": "old"}, user="admin")
    listed = (await seller.see("/products", position, user=seller.learner, limit=200))["items"]
    assert seller.product not in [each["product_id"] for each in listed]
    assert not (await seller.get(f"/products/{seller.product}")).json()["is_sold"]


async def test_the_catalog_says_what_must_be_bought(seller: Seller) -> None:
    """A run has the products by which it is sold, at present prices; a price of 0 frees it, retiring them does not."""
    position = await seller.open_run()
    run = f"/runs/{seller.run}"
    shown = await seller.see(run, position, user=seller.learner)
    assert (shown["must_be_bought"], shown["offers"]) == (False, [])
    product = {"product_id": seller.product, "title": "A", "kind": "course", "course_id": seller.course}
    await seller.send("/products", product, user="admin")
    await seller.send(f"/products/{seller.product}/prices", {"currency": "EUR", "amount": 4_900}, user="admin")
    bundle = {"product_id": f"{seller.product}b", "title": "B", "kind": "bundle", "products": [seller.product]}
    await seller.send("/products", bundle, user="admin")
    later = {"currency": "EUR", "amount": 9_900, "valid_from": "2126-01-01T00:00:00Z"}
    await seller.send(f"/products/{seller.product}/prices", later, user="admin")
    position = await seller.send(f"/products/{seller.product}b/prices", {"currency": "JPY", "amount": 1}, user="admin")
    shown = await seller.see(run, position, user=seller.learner)
    assert shown["must_be_bought"]
    prices = {each["product_id"]: each["prices"] for each in shown["offers"]}
    assert prices == {seller.product: {"EUR": 4_900}, f"{seller.product}b": {"JPY": 1}}
    assert (await seller.see("/runs", position, course_id=seller.course))["items"] == [shown]
    free = await seller.send(f"/products/{seller.product}b/prices", {"currency": "JPY", "amount": 0}, user="admin")
    assert not (await seller.see(run, free))["must_be_bought"]
    for sold in (f"{seller.product}b", seller.product):
        position = await seller.send(f"/products/{sold}/retire", {"reason": "old"}, user="admin")
    shown = await seller.see(run, position)
    assert (shown["must_be_bought"], shown["offers"]) == (True, [])


async def test_what_is_refused(seller: Seller) -> None:
    """Only the staff make products, of courses that there are; what there is not is 404."""
    body = {"product_id": seller.product, "title": "T", "kind": "course", "course_id": seller.course}
    assert (await seller.post("/products", body)).status_code == 403
    answer = await seller.post("/products", body, user="admin")
    assert (answer.status_code, answer.json()["code"]) == (404, "course_not_found")
    assert (await seller.get("/products/none")).json()["code"] == "product_not_found"
    answer = await seller.post("/products/none/prices", {"currency": "XXX", "amount": 1}, user="admin")
    assert answer.json()["code"] == "product_not_found"


async def test_pages_of_products(seller: Seller) -> None:
    """A page says where the next one begins."""
    await seller.sell()
    body = {"product_id": f"{seller.product}b", "title": "T", "kind": "course", "course_id": seller.course}
    position = await seller.send("/products", body, user="admin")
    after = f"{seller.product[:-1]}"
    page = await seller.see("/products", position, limit=1, after=after)
    while page["items"] and page["items"][0]["product_id"] != seller.product:
        page = (await seller.get("/products", limit=1, after=page["next"])).json()
    assert page["next"] == seller.product
