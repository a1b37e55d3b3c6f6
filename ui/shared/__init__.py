"""What several pages show: charts, the heatmap, inputs, names, data to choose, cached models and embeddings."""
