;; Answers that break the canonical ABI. A host that trusts them reads where it must not.
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 32768)

  ;; Zeros are empty texts and lists: a description without requests.
  (func (export "license-management:provider/provider@0.2.0#describe") (result i32) i32.const 1024)

  ;; An answer beyond the end of memory.
  (func (export "license-management:provider/provider@0.2.0#check") (param i32 i32) (result i32) i32.const -4)

  ;; Neither an answer nor an error.
  (data (i32.const 2048) "\07")
  (func (export "license-management:provider/provider@0.2.0#get-licenses") (param i32 i32) (result i32) i32.const 2048)

  ;; An error whose code, of 2 bytes at 3328, is not UTF-8.
  (data (i32.const 3072) "\01\00\00\00" "\00\00\00\00" "\00\0d\00\00" "\02\00\00\00")
  (data (i32.const 3328) "\ff\fe")
  (func (export "license-management:provider/provider@0.2.0#list-users") (param i32 i32 i32 i32 i32 i32) (result i32)
    i32.const 3072))
