"""The screen of `amt live`: notes as blocks, figures beside them, keys to steer by.

Three layers, each usable without the next: what was heard (`history`), pictures of it made of
half cells (`scrolling`, `falling`, `cells`), and the Textual widgets that show them (`rollview`,
`stats`, `app`). The engine is handed in; nothing here opens a device or a model.
"""
