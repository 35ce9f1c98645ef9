feed-letters = brieven
count-opened = geopend
count-copy-ms = tijd om te kopiëren
count-pages = bladzijden
sheet-unit-letters = brieven
