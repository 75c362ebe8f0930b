# Writes the bytes of INPUT as `const unsigned char NAME[]` and its size to the C file OUTPUT.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,))" "\\1\n" bytes
       "${bytes}")
file(WRITE ${OUTPUT}
     "const unsigned char ${NAME}[] = {\n${bytes}};\nconst unsigned long ${NAME}_bytes = sizeof ${NAME};\n")
