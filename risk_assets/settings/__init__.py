"""Settings: config.json and RISK_ASSETS_… variables, checked once and frozen."""

from risk_assets.settings.columns import ColumnsSetting, NumericSetting
from risk_assets.settings.engine import EngineSetting
from risk_assets.settings.loading import SettingsError, config_file, load_settings
from risk_assets.settings.object_storage import ObjectStorageSetting
from risk_assets.settings.settings import Settings
from risk_assets.settings.sources import SqlSourceSetting

__all__ = [
    "ColumnsSetting",
    "EngineSetting",
    "NumericSetting",
    "ObjectStorageSetting",
    "Settings",
    "SettingsError",
    "SqlSourceSetting",
    "config_file",
    "load_settings",
]
