"""The program that the download jobs run: one model source into one folder, reported in the artifact's status.

1. Two processes. The supervisor (`command`) reads the environment, starts attempts, watches them, reports; it imports
   nothing but the standard library. An attempt (`child`) holds the transfer libraries and moves the bytes.
2. The supervisor ends only its own child, by its handle; a child ends itself when its supervisor is gone.
3. What was fetched stays: each file grows in a partial file with a ledger of what is there, so that a killed attempt
   is continued where it stopped, by whatever protocol comes next.
4. What is claimed verified was read back from the volume and compared with the checksums of the source.
5. The Kubernetes API is told, never asked: an outage costs reports, no bytes.
6. The last line of the log names the cause of a failure in the words that the controller looks for.
7. Secrets of the environment are struck out of everything that is printed.
"""
