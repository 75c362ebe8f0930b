# Fails if an archive needs anything but itself, its friends and mem*, or keeps any mutable global.
#   cmake -DNM=nm -DARCHIVE=libsky_core.a [-DFRIENDS=liba.a,libb.a] -P core_is_pure.cmake
# Tables that hold pointers lie in .data.rel.ro: written once by the loader, then read only.
# What the compiler itself calls is allowed: the runtime of 32-bit ARM, the linker's table, and
# the checks that hardened builds of packagers insert.
set(allowed memcpy memmove memset memcmp
    _GLOBAL_OFFSET_TABLE_ __stack_chk_fail __stack_chk_guard __memcpy_chk __memmove_chk __memset_chk)

# Reads "name |value|class|type|size|line|section" lines into `needed`, `defined` and `mutable`.
function(read_symbols archive)
    execute_process(COMMAND ${NM} --format=sysv ${archive}
                    OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX REPLACE "[][;]" "_" symbols "${symbols}")
    string(REPLACE "\n" ";" lines "${symbols}")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE " *\\| *" "|" line "${line}")
        if(line MATCHES "^([^|]+)\\|[^|]*\\|U\\|")
            list(APPEND needed ${CMAKE_MATCH_1})
        elseif(line MATCHES "^([^|]+)\\|[^|]*\\|[TtRrVWw]\\|")
            list(APPEND defined ${CMAKE_MATCH_1})
        elseif(line MATCHES "^([^|]+)\\|[^|]*\\|[BbCDdSsGg]\\|.*\\|([^|]*)$" AND
               NOT CMAKE_MATCH_2 MATCHES "^[.]data[.]rel[.]ro")
            string(REGEX MATCH "^[^|]+" name "${line}")
            list(APPEND mutable ${name})
        endif()
    endforeach()
    set(needed ${needed} PARENT_SCOPE)
    set(defined ${defined} PARENT_SCOPE)
    set(mutable ${mutable} PARENT_SCOPE)
endfunction()

string(REPLACE "," ";" friends "${FRIENDS}")
foreach(friend IN LISTS friends)
    read_symbols(${friend})
    list(APPEND given ${defined})
endforeach()

read_symbols(${ARCHIVE})
if(NOT defined)
    message(FATAL_ERROR "${ARCHIVE} defines nothing: is it the right file?")
endif()
if(mutable)
    message(SEND_ERROR "mutable global: ${mutable}")
endif()
list(REMOVE_DUPLICATES needed)
list(REMOVE_ITEM needed ${defined} ${given} ${allowed})
list(FILTER needed EXCLUDE REGEX "^__aeabi_")
if(needed)
    message(SEND_ERROR "must not need: ${needed}")
endif()
