feed-letters = lettres
count-opened = ouvertes
count-copy-ms = temps de copie
count-pages = pages
sheet-unit-letters = lettres
