# Amendments to venv: the scripts for activation are resources, which need not be files.


def _setup_scripts(self, context):
    from importlib import resources

    with resources.as_file(resources.files(__package__).joinpath('scripts')) as folder:
        self.install_scripts(context, str(folder))


_setup_scripts.__name__, _setup_scripts.__doc__ = 'setup_scripts', EnvBuilder.setup_scripts.__doc__
EnvBuilder.setup_scripts = _setup_scripts
