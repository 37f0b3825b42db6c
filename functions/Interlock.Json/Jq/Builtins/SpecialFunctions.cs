namespace Interlock.Json.Jq;

/// <summary>The gamma, error and Bessel functions of the C library, good to about thirteen digits.</summary>
internal static class SpecialFunctions
{
    private const double EulerGamma = 0.57721566490153286;
    private const double AsymptoticFrom = 40;
    private const int MostOrder = 1_000;

    /// <summary>The logarithm of |Γ(x)|: Stirling's series far enough out, the recurrence up to there, reflection below zero.</summary>
    public static double LogGamma(double x)
    {
        if (double.IsNaN(x)) return x;
        if (double.IsInfinity(x) || (x <= 0 && Math.Floor(x) == x)) return double.PositiveInfinity;
        if (x is 1 or 2) return 0;
        if (x < 0) return Math.Log(Math.PI / Math.Abs(Math.Sin(Math.PI * x))) - LogGamma(1 - x);
        if (x == Math.Floor(x) && x <= 23) return Math.Log(Gamma(x));
        var product = 1d;
        for (; x < 15; x++) product *= x;
        var square = 1 / (x * x);
        var series = ((((((1d / 156 * square) - (691d / 360_360)) * square) + (1d / 1188)) * square) - (1d / 1680)) * square;
        series = (((((series + (1d / 1260)) * square) - (1d / 360)) * square) + (1d / 12)) / x;
        return ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI)) + series - Math.Log(product);
    }

    /// <summary>-1 where Γ(x) is negative, else 1, also where it has no value.</summary>
    public static double GammaSign(double x) => x < 0 && Math.Floor(x) != x && Math.Floor(x) % 2 != 0 ? -1 : 1;

    public static double Gamma(double x)
    {
        if (x == 0) return 1 / x;
        if (double.IsNegativeInfinity(x) || (x < 0 && Math.Floor(x) == x)) return double.NaN;
        if (x == Math.Floor(x) && x <= 23)
        {
            var product = 1d;
            for (var i = 2; i < x; i++) product *= i;
            return product;
        }
        if (x < 0.5) return Math.PI / (Math.Sin(Math.PI * x) * Gamma(1 - x));
        return x > 171.7 ? double.PositiveInfinity : Math.Exp(LogGamma(x));
    }

    /// <summary>Its power series near zero, else one minus the complement.</summary>
    public static double Erf(double x)
    {
        if (double.IsNaN(x)) return x;
        if (Math.Abs(x) > 2) return Math.Sign(x) * (1 - Erfc(Math.Abs(x)));
        var (term, sum) = (x, x);
        for (var n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }
        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    /// <summary>A continued fraction, from its sixtieth part inwards, where the series would lose digits.</summary>
    public static double Erfc(double x)
    {
        if (double.IsNaN(x) || x < 0.5) return x < -2 ? 2 - Erfc(-x) : 1 - Erf(x);
        if (x > 27) return 0;
        if (x < 2) return ErfcByIntegral(x);
        var fraction = x;
        for (var n = 60; n > 0; n--) fraction = x + (n / 2d / fraction);
        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * fraction);
    }

    /// <summary>J of a whole order. Downward recurrence, which is stable, up to forty; an asymptotic series beyond.</summary>
    public static double J(double order, double x)
    {
        if (double.IsNaN(order) || double.IsNaN(x)) return double.NaN;
        var n = (int)Math.Clamp(order, -MostOrder, MostOrder);
        var sign = (n < 0) != (x < 0) && n % 2 != 0 ? -1 : 1;
        (n, x) = (Math.Abs(n), Math.Abs(x));
        if (double.IsInfinity(x)) return 0;
        if (x < AsymptoticFrom || n > x / 2) return x > 100 * MostOrder ? 0 : sign * Downward(x, n)[n];
        var (before, value) = (Asymptotic(0, x).J, Asymptotic(1, x).J);
        return sign * (n == 0 ? before : Upward(before, value, n, x));
    }

    /// <summary>Y of a whole order, for positive numbers: Neumann's series for the first two, upward recurrence for the others.</summary>
    public static double Y(double order, double x)
    {
        if (double.IsNaN(order) || double.IsNaN(x) || x < 0) return double.NaN;
        if (x == 0) return double.NegativeInfinity;
        if (double.IsInfinity(x)) return 0;
        var n = (int)Math.Clamp(order, -MostOrder, MostOrder);
        var sign = n < 0 && n % 2 != 0 ? -1 : 1;
        n = Math.Abs(n);
        double first, second;
        if (x >= AsymptoticFrom) (first, second) = (Asymptotic(0, x).Y, Asymptotic(1, x).Y);
        else (first, second) = Neumann(x);
        return sign * (n == 0 ? first : Upward(first, second, n, x));
    }

    private static (double Y0, double Y1) Neumann(double x)
    {
        var j = Downward(x, 1);
        var logarithm = Math.Log(x / 2) + EulerGamma;
        var (even, odd) = (0d, 0d);
        for (var k = 1; (2 * k) + 1 < j.Length; k++)
        {
            var sign = k % 2 == 0 ? 1 : -1;
            even += sign * j[2 * k] / k;
            odd += sign * ((2 * k) + 1d) / (k * (k + 1d)) * j[(2 * k) + 1];
        }
        return (2 / Math.PI * ((logarithm * j[0]) - (2 * even)), 2 / Math.PI * (((logarithm - 1) * j[1]) - (j[0] / x) - odd));
    }

    /// <summary>J of all orders from 0 on, scaled so that J0 + 2·J2 + 2·J4 + … is one.</summary>
    private static double[] Downward(double x, int order)
    {
        var last = 2 * ((Math.Max(order, (int)x) / 2) + 40);
        var values = new double[last + 2];
        if (x == 0)
        {
            values[0] = 1;
            return values;
        }
        values[last] = 1e-300;
        for (var n = last; n > 0; n--)
        {
            values[n - 1] = (2 * n / x * values[n]) - values[n + 1];
            if (Math.Abs(values[n - 1]) < 1e250) continue;
            for (var i = n - 1; i <= last; i++) values[i] *= 1e-250;
        }
        var sum = values[0];
        for (var n = 2; n <= last; n += 2) sum += 2 * values[n];
        for (var n = 0; n <= last; n++) values[n] /= sum;
        return values;
    }

    private static double Upward(double before, double value, int n, double x)
    {
        for (var i = 1; i < n; i++) (before, value) = (value, (2 * i / x * value) - before);
        return value;
    }

    /// <summary>Hankel's expansion.</summary>
    private static (double J, double Y) Asymptotic(int order, double x)
    {
        var (p, q, term) = (1d, 0d, 1d);
        for (var k = 1; k < 30; k++)
        {
            var next = term * ((4 * order * order) - (((2 * k) - 1) * ((2 * k) - 1))) / (k * 8 * x);
            if (Math.Abs(next) > Math.Abs(term)) break;
            term = next;
            if (k % 2 == 1) q += k % 4 == 1 ? term : -term;
            else p += k % 4 == 0 ? term : -term;
        }
        var angle = x - (((2 * order) + 1) * Math.PI / 4);
        var scale = Math.Sqrt(2 / (Math.PI * x));
        return (scale * ((p * Math.Cos(angle)) - (q * Math.Sin(angle))), scale * ((p * Math.Sin(angle)) + (q * Math.Cos(angle))));
    }

    private static double ErfcByIntegral(double x)
    {
        // Trapezoids over a rapidly decreasing analytic function converge faster than any power of their width.
        const double step = 0.5;
        var sum = 1 / (2 * x * x);
        for (var n = 1; n < 14; n++) sum += Math.Exp(-n * n * step * step) / ((n * n * step * step) + (x * x));
        var value = 2 * x * step / Math.PI * Math.Exp(-x * x) * sum;
        return value - (2 / (Math.Exp(2 * Math.PI * x / step) - 1));
    }
}
