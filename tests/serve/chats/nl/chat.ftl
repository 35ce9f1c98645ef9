contacts-chat = chats (nl)
wall-chat-title = Chats (nl)
wall-chat-place = chat (nl)
wall-chat-offered = offered (nl)
