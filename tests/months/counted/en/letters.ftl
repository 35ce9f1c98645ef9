feed-letters = letters
count-opened = opened
count-copy-ms = time to copy
count-pages = pages
sheet-unit-letters = letters
