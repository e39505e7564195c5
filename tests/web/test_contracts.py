"""Contracts: the list and the page of one."""

from tests.portals import Portal, text_of


async def test_the_list_is_empty_at_first(portal: Portal) -> None:
    answer = await portal.get(portal.world.ours.viewer, "/contracts")
    assert answer.status_code == 200
    assert "契約" in text_of(answer)


async def test_nobody_is_sent_to_sign_in(portal: Portal) -> None:
    answer = await portal.get(None, "/contracts")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?return_to=%2Fcontracts"
