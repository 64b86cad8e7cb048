"""From one YAML file to running services: configuration, command line and ``twistd`` plug-in."""
