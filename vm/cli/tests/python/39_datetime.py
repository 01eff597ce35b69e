# datetime, time, calendar.
from datetime import datetime, date, time, timedelta, timezone, tzinfo, UTC
import calendar, time as t
d = date(2024, 2, 29); dt = datetime(2024, 5, 17, 13, 45, 30, 123456)
print(d, repr(d), dt, repr(dt), d.year, d.weekday(), d.isoweekday(), d.isocalendar(), d.toordinal(), date.fromordinal(738000), d.replace(year=2020), d.isoformat(), dt.date(), dt.time(), dt.timestamp() > 0, d.strftime("%Y/%m/%d %j %A %B %a %b %U %W %w %y %%"), dt.strftime("%H:%M:%S.%f %I %p %c %x %X"), dt.isoformat(" ", "minutes"), dt.ctime(), dt.timetuple()[:6])
print(date.fromisoformat("2024-01-31"), datetime.fromisoformat("2024-01-31T10:20:30+02:00"), datetime.fromisoformat("20240131T102030Z"), datetime.strptime("17 May 2024 13:45", "%d %B %Y %H:%M"), datetime.strptime("2024-05-17 +0530", "%Y-%m-%d %z"), time.fromisoformat("10:20"), time(10, 20, 30, 5), time(1) < time(2), date.min, date.max, datetime.resolution)
x = timedelta(days=1, hours=25, minutes=-5, microseconds=3); print(x, repr(x), x.days, x.seconds, x.total_seconds(), -x, abs(-x), x * 2, x / 2, x // timedelta(hours=1), x % timedelta(hours=1), x > timedelta(1), timedelta(weeks=1) == timedelta(7), bool(timedelta()), timedelta(seconds=1.5), str(timedelta(-1, 1)), divmod(x, timedelta(hours=2)), sum([timedelta(1)] * 3, timedelta()))
print(d + timedelta(1), d - date(2023, 1, 1), dt - timedelta(hours=14), dt - datetime(2024, 1, 1), d < date(2024, 3, 1), d == datetime(2024, 2, 29).date(), sorted([date(2024, 1, 1), date(2023, 1, 1)]), hash(d) == hash(date(2024, 2, 29)), max(d, date(2025, 1, 1)), dt.replace(microsecond=0), datetime.combine(d, time(5)))
tz = timezone(timedelta(hours=2), "EET"); a = dt.replace(tzinfo=tz); print(a, a.utcoffset(), a.tzname(), a.astimezone(UTC), a == a.astimezone(UTC), a.timestamp(), datetime.fromtimestamp(0, UTC), timezone.utc, repr(tz), timezone(timedelta(hours=-3, minutes=-30)), a.strftime("%z %Z"), a.utctimetuple()[:6], a.isoformat(), datetime(1970, 1, 1, tzinfo=UTC).timestamp())
class Zone(tzinfo):
    def utcoffset(self, dt): return timedelta(hours=1 + (dt.month > 3))
    def dst(self, dt): return timedelta(hours=dt.month > 3)
    def tzname(self, dt): return "ZZT"
print(datetime(2024, 1, 1, tzinfo=Zone()), datetime(2024, 6, 1, tzinfo=Zone()), datetime(2024, 6, 1, tzinfo=Zone()) - datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=Zone()).astimezone(UTC))
for bad in (lambda: date(2023, 2, 29), lambda: date(0, 1, 1), lambda: datetime(2024, 1, 1, 25), lambda: date.fromisoformat("x"), lambda: datetime.strptime("x", "%Y"), lambda: d + 1, lambda: dt - a, lambda: dt < a, lambda: d < dt, lambda: date(2024, 13, 1), lambda: timedelta(days=10 ** 10), lambda: date.max + timedelta(1), lambda: timezone(timedelta(days=2)), lambda: time(24)):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
print(calendar.monthrange(2024, 2), calendar.isleap(1900), calendar.leapdays(2000, 2025), calendar.weekday(2024, 5, 17), calendar.day_name[0], calendar.month_abbr[12], calendar.monthcalendar(2024, 2)[0], calendar.timegm((2024, 1, 1, 0, 0, 0)))
print(calendar.month(2024, 2)); print(calendar.TextCalendar(6).formatmonth(2023, 10))
print(t.gmtime(0)[:6], t.strftime("%Y-%m-%d", t.gmtime(86400)), t.strptime("2024-05-17", "%Y-%m-%d")[:3], t.time() > 1e9, t.monotonic() <= t.monotonic(), t.perf_counter_ns() > 0, t.process_time() >= 0, t.asctime(t.gmtime(0)), t.struct_time(range(9)).tm_mon)
