"""Roles: who may read, who may write contacts, and who may operate what serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

#: Each role includes the ones before it.
Role = Literal["read", "write", "operate"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True)
class Visitor:
    """Whoever asks: the name of a key, and what its holder may do."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether the visitor's role includes another one.

        >>> Visitor("Anna", "write").may("read"), Visitor("Anna", "write").may("operate")
        (True, False)
        """
        return ROLES.index(self.role) >= ROLES.index(role)
