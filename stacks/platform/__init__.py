"""What every other stack uses: the bus, alarms, logging, and the settings that stacks share."""
