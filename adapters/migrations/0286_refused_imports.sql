-- Files that an import has refused stand among refused commands, and are listed beside the imports.

CREATE INDEX refused_commands_imports ON refused_commands (refused_at) WHERE command = 'ImportFile';
