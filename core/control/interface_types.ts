/**
 * Interface types of devices that are known by name (wire.md section 7).
 *
 * @module
 */

/** The GUID of each, in small letters, by the device's name. */
export const INTERFACE_TYPES: Readonly<Record<string, string>> = {
  "network": "f8615163-df3e-46c5-913f-f2d2f965ed0e",
  "SCSI storage": "ba6163d9-04a1-4d29-b605-72e2ffb1dc7f",
  "IDE accelerator": "32412632-86cb-44a2-9b5c-50d1417354f5",
  "Fibre Channel": "2f9bcc4a-0069-4af3-b76b-6fd0be528cda",
  "heartbeat": "57164f39-9115-4e78-ab55-382f3bd5422d",
  "KVP exchange": "a9a0f4e7-5a45-4d96-b827-8a841e8c03e6",
  "shutdown": "0e0b6031-5213-4934-818b-38d90ced39db",
  "time sync": "9527e630-d0ae-497b-adce-e80ab0175caf",
  "VSS backup": "35fa2e29-ea23-4236-96ae-3a6ebacba440",
  "guest file copy": "34d14be3-dee4-41c8-9ae7-6b174977c192",
  "keyboard": "f912ad6d-2b17-48ea-bd65-f927a61c7684",
  "mouse": "cfa8b69e-5b4a-4cc0-b98b-8ba1a1f3f95a",
  "video": "da0a7802-e377-4aac-8e77-0558eb1073f8",
  "dynamic memory": "525074dc-8985-46e2-8057-a307dc18a502",
  "PCI pass-through": "44c4f61d-4444-4400-9d52-802e27ede19f",
  "NetworkDirect (RDMA)": "8c2eaf3d-32a7-4b09-ab99-bd1f1c86b501",
  "automatic activation": "f8e65716-3cb3-4a06-9a60-1889c5cccab5",
  "activation (inherited)": "3375baf4-9e15-4b30-b765-67acb10d607b",
  "remote desktop": "276aacf4-ac15-426c-98dd-7521ad3f01fe",
  "initial machine config / vmbfs": "c376c1c3-d276-48d2-90a9-c04748072c60",
  "serial (UART)": "8b60ccf6-709f-4c11-90b5-229c959a9e6a",
  "guest emulation transport": "8dedd1aa-9056-49e4-bfd6-1bf90dc38ef0",
};
