"""The Elastic IP is at the instance whose load balancer is master, whatever happens on the way."""

from __future__ import annotations

from cluster import adverts, capture, lab_host, stopped, wait_until
from conftest import CLOUD, LOAD_BALANCERS, WEB_SERVERS, address, enters, is_at, masters, no_cloud_for, title
from faults import filtered


def log(name: str) -> str:
    return lab_host(name).check_output("journalctl --identifier elastic-ip --output cat")


def test_all_web_servers_answer_through_each_load_balancer():
    for name in LOAD_BALANCERS:
        assert sorted({title(name) for _number in range(10)}) == WEB_SERVERS


def test_adverts_go_from_one_subnet_to_the_other_by_unicast_only(master, backup):
    with capture(backup, "eth0", "ip proto 112 or net 224.0.0.0/4") as packets:
        wait_until(lambda: len(adverts(packets)) > 0, "an advert")
    assert adverts(packets) == {(LOAD_BALANCERS[master], LOAD_BALANCERS[backup])}
    assert not [line for line in packets if "224.0.0." in line]


def test_the_elastic_ip_goes_to_the_other_instance_when_haproxy_ends(master, backup):
    with stopped(master, "haproxy"):
        enters(master, "FAULT")
        enters(backup, "MASTER")
        wait_until(lambda: is_at(backup), f"the Elastic IP is at {backup}")
        assert title(backup) in WEB_SERVERS
    done = f"{CLOUD['allocation_id']} is at {CLOUD['instance_ids'][backup]}"
    wait_until(lambda: done in log(backup), f"the log of {backup} says so")


def test_the_address_is_never_without_an_instance(master, backup):
    seen = set()

    def moved() -> bool:
        seen.add(address().get("InstanceId"))
        return is_at(backup)

    with stopped(master, "haproxy"):
        wait_until(moved, f"the Elastic IP is at {backup}")
    assert seen <= set(CLOUD["instance_ids"].values())


def test_a_cloud_that_does_not_answer_is_asked_again(master, backup):
    before = log(backup).count("is not at")
    with stopped(master, "haproxy"):
        with no_cloud_for(backup):
            wait_until(lambda: log(backup).count("is not at") > before, "a try that has failed is logged")
            assert is_at(master)
        wait_until(lambda: is_at(backup), f"the Elastic IP is at {backup}")


def test_who_is_not_master_any_more_stops_asking(master, backup):
    tries = "pgrep --count --uid keepalived_script --full 'take_elastic_ip|associate-address'"
    with no_cloud_for(backup):
        with stopped(master, "haproxy"):
            enters(backup, "MASTER")
            wait_until(lambda: lab_host(backup).run(tries).stdout.strip() != "0", f"{backup} asks for the Elastic IP")
        enters(master, "BACKUP")
        with stopped(backup, "haproxy"):
            enters(master, "MASTER")
            wait_until(lambda: lab_host(backup).run(tries).stdout.strip() == "0", f"{backup} asks no more")
    assert is_at(master)


def test_the_address_is_at_the_master_again_when_a_divided_network_is_whole(master, backup):
    deaf = "INPUT --protocol 112 --jump DROP"
    with filtered(backup, deaf), filtered(master, deaf):
        wait_until(lambda: len(masters()) == 2 and is_at(backup), "two masters, and the Elastic IP is at the second")
    wait_until(lambda: len(masters()) == 1, "one master")
    wait_until(lambda: is_at(masters()[0]), "the Elastic IP is at the one master")


def test_the_script_may_run_again_where_the_address_is_already(master):
    arguments = " ".join([CLOUD["region"], CLOUD["allocation_id"], CLOUD["instance_ids"][master]])
    environment = "systemctl show --property Environment --value keepalived"
    lab_host(master).check_output(f"env $({environment}) /etc/keepalived/take_elastic_ip {arguments}")
    assert is_at(master)
