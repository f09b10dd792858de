"""Questions about nodes and their states that on-call and debug both ask."""
from __future__ import annotations

from frame import DIMENSION

PER_NODE = "cluster, service, dimension, node"
AT_MOST = 30  # lines of a state timeline that a screen shows


def status(selector: str, labels: str = PER_NODE) -> str:
    """The worst status; twins of an exporter count once."""
    return f"max by ({labels}) (mixed_state_node_status{{{selector}}})"


def worst(selector: str, labels: str) -> str:
    """The status over time of those that were worst in the time shown."""
    over = f"max_over_time(mixed_state_node_status{{{selector}}}[$__range] @ end())"
    return f"{status(selector, labels)} and on ({labels}) topk({AT_MOST}, max by ({labels}) ({over}))"


def since(selector: str) -> str:
    return f"min by ({PER_NODE}) (mixed_state_node_divergent_since_timestamp_seconds{{{selector}}})"


def live(labels: str, selector: str = DIMENSION, more: str = "") -> str:
    """Nodes of each live state, by these labels."""
    nodes = f"mixed_state_state_nodes{{{selector}{more}, state"
    by_number = f'label_replace({nodes}=""}}, "state", "state $1", "fingerprint", "(.+)")'
    return f'max by ({labels}) ({nodes}!=""}} or {by_number})'


def has(selector: str) -> str:
    """Nodes with the label `has`: the name of the state they are in; none for those in one of the rarest states."""
    one = live("cluster, service, dimension, fingerprint, state", selector.replace(', node=~"$node"', ""))
    texts = f"topk by (cluster, service, dimension, fingerprint) (1, {one})"
    fingerprints = f'count_values by ({PER_NODE}) ("fingerprint", max by ({PER_NODE}) (mixed_state_node_state_fingerprint{{{selector}}}))'
    joined = f"{fingerprints} * on (cluster, service, dimension, fingerprint) group_left (state) {texts}"
    return f'max by ({PER_NODE}, has) (label_replace({joined}, "has", "$1", "state", "(.+)"))'


def should_have(selector: str) -> str:
    """Nodes with the label `should`: the canonical state; none where groups of nodes have one each."""
    everywhere = selector.replace(', node=~"$node"', "")
    canonical = (f'count_values by (cluster, service, dimension) ("fingerprint", max by (cluster, service, dimension) '
                 f'(mixed_state_canonical_fingerprint{{{everywhere}, group=""}}))')
    texts = f"topk by (cluster, service, dimension, fingerprint) (1, {live('cluster, service, dimension, fingerprint, state', everywhere)})"
    joined = f"{canonical} * on (cluster, service, dimension, fingerprint) group_left (state) {texts}"
    return (f"group by ({PER_NODE}, should) ({status(selector)} * on (cluster, service, dimension) group_left "
            f'(should) label_replace({joined}, "should", "$1", "state", "(.+)"))')
