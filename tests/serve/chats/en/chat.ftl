contacts-chat = chats (en)
wall-chat-title = Chats (en)
wall-chat-place = chat (en)
wall-chat-offered = offered (en)
