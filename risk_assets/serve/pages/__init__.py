"""The web page: views that hand plain results to templates; whole without JavaScript."""
