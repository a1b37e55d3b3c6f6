"""What pages share: the frame and navigation, translation, cached loaders, inputs, charts."""
