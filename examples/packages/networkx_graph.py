"""networkx: paths, components, flows and ranks of graphs."""

import networkx as nx


def main():
    grid = nx.grid_2d_graph(20, 20)
    assert nx.shortest_path_length(grid, (0, 0), (19, 19)) == 38
    weighted = nx.DiGraph()
    weighted.add_weighted_edges_from([("a", "b", 1), ("b", "c", 2), ("a", "c", 5), ("c", "d", 1)])
    assert nx.dijkstra_path(weighted, "a", "d") == ["a", "b", "c", "d"]
    assert list(nx.topological_sort(weighted)) == ["a", "b", "c", "d"]
    assert nx.maximum_flow_value(weighted, "a", "d", capacity="weight") == 1
    random = nx.gnm_random_graph(200, 300, seed=3)
    parts = [len(part) for part in nx.connected_components(random)]
    assert sum(parts) == 200
    tree = nx.minimum_spanning_tree(grid)
    assert tree.number_of_edges() == 399 and nx.is_tree(tree)
    cliques = list(nx.find_cliques(nx.complete_graph(5)))
    assert len(cliques) == 1 and sorted(cliques[0]) == [0, 1, 2, 3, 4]
    print("networkx: largest part of", len(parts), "is", max(parts))


main()
