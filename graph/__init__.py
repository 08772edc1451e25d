"""How is it asked? The GraphQL door."""
