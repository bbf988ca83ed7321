"""The palettes of commands and of themes."""

from textual.command import CommandList, CommandPalette


class Commands(CommandPalette):
    """A palette in which a page may be turned before its list is shown.

    ``OptionList._move_page`` of Textual 8.2 fails with KeyError then, and the program ends.
    """

    def _action_command_list(self, action: str) -> None:
        """Leave out what pages need: the height of the list."""
        has_room = self.query_one(CommandList).scrollable_content_region
        if has_room or not action.startswith("page"):
            super()._action_command_list(action)
