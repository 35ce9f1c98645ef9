contacts-chat = chats (fr)
wall-chat-title = Chats (fr)
wall-chat-place = chat (fr)
wall-chat-offered = offered (fr)
